#pragma once

#include <deja/messages/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace deja::run {

/// The prerequisites of all rules in a depfile, each once, in the order in which they come. A
/// depfile is what compilers write for make (`gcc -MD`): rules of targets, a colon and files, on
/// lines that a backslash continues. `\ ` and `\#` stand for a blank and a `#` in a name, with 2N+1
/// backslashes before a blank for N of them and the blank, and `$$` for a `$`; other backslashes
/// are themselves. A `#` that begins a word begins a comment. Line ends are LF or CRLF.
///
///     parse_depfile("a.o: a.cc my\\ lib/b.h \\\n c.h\nb.h:\n") // a.cc, "my lib/b.h", c.h
///
/// Errors: invalid_argument, with the line, for anything else of make's (variables, recipes), for a
/// line without a colon, a zero byte, and where there is no rule.
result<std::vector<std::string>> parse_depfile(std::string_view text);

} // namespace deja::run
