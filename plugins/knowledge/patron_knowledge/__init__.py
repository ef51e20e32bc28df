"""Knowledge: articles for customers, partners and the firm's own people."""
