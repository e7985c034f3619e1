"""Stand-ins for other toolkits' interfaces."""
