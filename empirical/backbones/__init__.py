"""Feature extractors: images to features, with the normalisation mode in the open."""
