"""The receiver: webhooks in, health, readiness and metrics; no Streamlit here."""
