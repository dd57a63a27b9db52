"""The second door: phones with the app "SMS Gateway for Android", which takes this for its own server.

Its answers have the app's form, not that of the rest of the API. The protocol is in docs/devices/protocols.md.
"""
