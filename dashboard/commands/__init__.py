"""The sub-commands of `python -m dashboard`, one module each; a module is loaded when it is run."""
