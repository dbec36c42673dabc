"""The UI's server: who may come in, sign-in pages, files to take away, Streamlit behind it."""
