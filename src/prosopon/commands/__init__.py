"""What the commands do: one module a command, with a ``run`` that returns the exit code."""
