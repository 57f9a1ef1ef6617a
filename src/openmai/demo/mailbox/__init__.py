"""The demo's mailbox: catches every mail that the sites send, shows them, and sends from work addresses.

One process: an SMTP catcher, a small page, and the name server that answers for the companies' DKIM keys.
Everything is kept in memory. It is part of the demo only; a real site has a real mail server instead.
"""
