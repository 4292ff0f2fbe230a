"""Explorers: controls around a view, one file a day."""
