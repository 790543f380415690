"""Which method to try first on data of one's own: premises measured on pretrained features, a rule, its track record."""
