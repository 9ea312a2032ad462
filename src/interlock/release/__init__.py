"""The release guard: its stages, and the pipeline that runs them in order."""
