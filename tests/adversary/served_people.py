"""What granian serves as the people site of a simulation: the site's own application on the shared clock.

Passwords are hashed quickly: thousands of log-ins would take most of the time, and nothing asks how they are
kept.
"""

from tests.adversary.process import hash_quickly, install_clock, leaks

_clock = install_clock()
hash_quickly()
if leaks():
    from tests.adversary.leaks import leak_in_people

    leak_in_people(leaks(), _clock)

from openmai.sites.people.wsgi import application as _application  # noqa: E402 - after the clock

if leaks():
    from tests.adversary.leaks import watch

    application = watch(_application, "people", leaks(), _clock)
else:
    application = _application
