"""The small package behind the seven notebooks. Import the module you need; this file imports nothing."""
