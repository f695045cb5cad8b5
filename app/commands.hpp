#pragma once

// The program's commands. `argv[0]` is the command's own name. Each returns the exit status: 0
// done, 1 failed, 2 wrong usage; `run_command` the remembered command's own, or 125, 126, 127.

namespace deja::app {

int run_command(int argc, char** argv);
int serve_command(int argc, char** argv);
int demo_command(int argc, char** argv);
int key_command(int argc, char** argv);
int load_command(int argc, char** argv);
int gc_command(int argc, char** argv);
int get_command(int argc, char** argv);
int put_command(int argc, char** argv);
int rm_command(int argc, char** argv);
int show_command(int argc, char** argv);
int ls_command(int argc, char** argv);
int reservations_command(int argc, char** argv);
int stats_command(int argc, char** argv);
int healthcheck_command(int argc, char** argv);
int version_command(int argc, char** argv);

} // namespace deja::app
