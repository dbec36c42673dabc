"""Placeholder."""

import streamlit as st

from dashboard import console, widgets

VIEW = console.view()
widgets.header("Overview", livemode=VIEW.livemode)
st.write("hello")
