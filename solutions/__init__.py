"""The answer key: one module a day, one `Exercise` record an exercise."""
