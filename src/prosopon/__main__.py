"""``python -m prosopon`` is the ``prosopon`` command."""

from prosopon.cli import main

if __name__ == "__main__":
    main(prog_name="prosopon")
