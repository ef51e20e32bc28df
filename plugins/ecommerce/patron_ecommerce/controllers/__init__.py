"""The pages of the shop, of its staff, of the portal, and where payment providers report."""
