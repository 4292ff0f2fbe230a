"""Figures by subject: arrays in, `Axes` out. Each labels itself and leaves showing it to the notebook."""
