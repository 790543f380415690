"""Finished runs read back as one document: rows over seeds, curves, series over conditions."""
