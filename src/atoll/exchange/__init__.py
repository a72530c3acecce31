"""Data exchange: what datasets are, are worth, and may be used for, before and after any job."""
