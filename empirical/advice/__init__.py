"""Which method to try first on data of one's own: premises measured on features, a rule, and its track record."""
