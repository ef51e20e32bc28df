"""Calls: telephone systems tell by signed webhooks what rings, and the right record opens."""
