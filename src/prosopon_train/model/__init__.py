"""The networks, in torch."""
