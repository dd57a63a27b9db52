"""The stress test: mixed traffic through good and bad gateways while every part is killed, stopped and silenced."""
