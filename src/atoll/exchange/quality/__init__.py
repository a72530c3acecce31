"""Quality: metrics as data, measured by DuckDB, scored exactly, told as a signed report. Pure; rows are read by
`atoll.sources.metrics`."""
