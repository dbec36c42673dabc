"""payment."""

import streamlit as st

st.title("payment")
