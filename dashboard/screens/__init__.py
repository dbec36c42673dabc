"""The screens, a folder each; one knows another only where a test lists it."""
