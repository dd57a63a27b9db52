"""The words of the app "SMS Gateway for Android" for what phones get and say (docs/devices/protocols.md)."""
