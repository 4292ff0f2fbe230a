"""JupyterHub for a class of the course on one Linux machine. docs/teaching.md says how to set it up and what was tried.

The file is an example to copy: every setting below is a decision of yours. JUPYTERHUB_TRIAL=1 starts it on loopback with
one password for everybody and without a Linux account a learner; never do that where others can reach the port.
"""

import os

c = get_config()  # JupyterHub puts it there
trial = os.environ.get("JUPYTERHUB_TRIAL") == "1"

# --- where it listens -------------------------------------------------------------------------------------------------
# Loopback: a web server in front brings the certificate and passes https on to this port. To serve a closed classroom
# network directly, put the machine's address here; passwords then go over the wire in the clear.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
if trial:
    c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"

# --- who may come in --------------------------------------------------------------------------------------------------
if trial:
    c.JupyterHub.authenticator_class = "shared-password"  # any name, one password
    c.SharedPasswordAuthenticator.user_password = os.environ["JUPYTERHUB_TRIAL_PASSWORD"]
    c.Authenticator.allow_all = True
    c.JupyterHub.spawner_class = "simple"  # all servers under your own account, a folder in /tmp a learner
else:
    c.JupyterHub.authenticator_class = "pam"  # the machine's own accounts, and one of them for each learner
    c.PAMAuthenticator.allowed_groups = {"course"}  # groupadd course; adduser --ingroup course NAME
    c.Authenticator.admin_users = set()  # names that may start and stop other people's servers

# --- what a learner gets ----------------------------------------------------------------------------------------------
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    # One thread each: with thirty learners, torch's default of one thread a core makes everybody slower.
    "OMP_NUM_THREADS": "1",
    # The model that ships with the course. Without this, load_model() takes GPT-2 small where the machine has it.
    "COURSE_MODEL": "pocket",
}
# Limits hold only with a spawner that enforces them (systemdspawner, DockerSpawner, KubeSpawner). The plain processes of
# the default spawner and of the trial only get told: there one learner can take all the memory.
c.Spawner.mem_limit = "3G"
c.Spawner.cpu_limit = 1.0
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120

# --- when a learner goes home -----------------------------------------------------------------------------------------
# A kernel that holds a day's model and activations is most of a learner's memory. It ends after an hour without work;
# files and progress stay.
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--MappingKernelManager.cull_interval=300",
]
c.JupyterHub.active_server_limit = 40
c.JupyterHub.concurrent_spawn_limit = 10
