#pragma once

#include <caf/type_id.hpp>

// The verbs of the system, one atom each. `look_up_atom` is the type, `look_up_atom_v` the value.
// The IDs start far from CAF's first, where a host's own begin.
CAF_BEGIN_TYPE_ID_BLOCK(deja_atoms, caf::first_custom_type_id + 20'000)
CAF_ADD_ATOM(deja_atoms, deja, apply_atom, "apply")
CAF_ADD_ATOM(deja_atoms, deja, cancel_atom, "cancel")
CAF_ADD_ATOM(deja_atoms, deja, compute_atom, "compute")
CAF_ADD_ATOM(deja_atoms, deja, done_atom, "done")
CAF_ADD_ATOM(deja_atoms, deja, download_atom, "download")
CAF_ADD_ATOM(deja_atoms, deja, get_atom, "get")
CAF_ADD_ATOM(deja_atoms, deja, hold_atom, "hold")
CAF_ADD_ATOM(deja_atoms, deja, let_go_atom, "let_go")
CAF_ADD_ATOM(deja_atoms, deja, look_up_atom, "look_up")
CAF_ADD_ATOM(deja_atoms, deja, lost_atom, "lost")
CAF_ADD_ATOM(deja_atoms, deja, memoize_atom, "memoize")
CAF_ADD_ATOM(deja_atoms, deja, progress_atom, "progress")
CAF_ADD_ATOM(deja_atoms, deja, put_atom, "put")
CAF_ADD_ATOM(deja_atoms, deja, read_atom, "read")
CAF_ADD_ATOM(deja_atoms, deja, recall_atom, "recall")
CAF_ADD_ATOM(deja_atoms, deja, record_atom, "record")
CAF_ADD_ATOM(deja_atoms, deja, release_atom, "release")
CAF_ADD_ATOM(deja_atoms, deja, remove_atom, "remove")
CAF_ADD_ATOM(deja_atoms, deja, reserve_atom, "reserve")
CAF_ADD_ATOM(deja_atoms, deja, start_atom, "start")
CAF_ADD_ATOM(deja_atoms, deja, stop_atom, "stop")
CAF_ADD_ATOM(deja_atoms, deja, tick_atom, "tick")
CAF_ADD_ATOM(deja_atoms, deja, update_atom, "update")
CAF_ADD_ATOM(deja_atoms, deja, upload_atom, "upload")
CAF_ADD_ATOM(deja_atoms, deja, write_atom, "write")
CAF_END_TYPE_ID_BLOCK(deja_atoms)
