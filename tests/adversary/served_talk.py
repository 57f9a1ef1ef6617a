"""What granian serves as the talk site of a simulation: the site's own application on the shared clock."""

from tests.adversary.process import install_clock, leaks, prepare_talk

_clock = install_clock()
prepare_talk(_clock)
if leaks():
    from tests.adversary.leaks import leak_in_talk

    leak_in_talk(leaks(), _clock)

from openmai.sites.talk.wsgi import application as _application  # noqa: E402 - after the clock

if leaks():
    from tests.adversary.leaks import watch

    application = watch(_application, "talk", leaks(), _clock)
else:
    application = _application
