#include <deja/transport/index/libpq.hpp>

#include <dlfcn.h>

namespace deja::postgres {

namespace {

struct loading {
  explicit loading(const char* file) : library(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    if (library == nullptr)
      missing = ::dlerror();
  }

  template <class Function>
  void find(Function& into, const char* name) {
    if (!missing.empty())
      return;
    into = reinterpret_cast<Function>(::dlsym(library, name));
    if (into == nullptr)
      missing = ::dlerror();
  }

  void* library; // for the life of the process
  std::string missing;
};

result<libpq> load_all() {
  libpq all{};
  loading from{"libpq.so.5"};
  from.find(all.parse_options, "PQconninfoParse");
  from.find(all.free_options, "PQconninfoFree");
  from.find(all.connect, "PQconnectdbParams");
  from.find(all.finish, "PQfinish");
  from.find(all.status, "PQstatus");
  from.find(all.transaction_status, "PQtransactionStatus");
  from.find(all.error_message, "PQerrorMessage");
  from.find(all.socket, "PQsocket");
  from.find(all.set_nonblocking, "PQsetnonblocking");
  from.find(all.set_notice_processor, "PQsetNoticeProcessor");
  from.find(all.enter_pipeline_mode, "PQenterPipelineMode");
  from.find(all.send_query, "PQsendQueryParams");
  from.find(all.send_prepared, "PQsendQueryPrepared");
  from.find(all.send_prepare, "PQsendPrepare");
  from.find(all.send_sync, "PQpipelineSync");
  from.find(all.flush, "PQflush");
  from.find(all.consume_input, "PQconsumeInput");
  from.find(all.is_busy, "PQisBusy");
  from.find(all.get_result, "PQgetResult");
  from.find(all.notifies, "PQnotifies");
  from.find(all.free, "PQfreemem");
  from.find(all.clear, "PQclear");
  from.find(all.result_status, "PQresultStatus");
  from.find(all.error_field, "PQresultErrorField");
  from.find(all.command_tag, "PQcmdStatus");
  from.find(all.row_count, "PQntuples");
  from.find(all.is_null, "PQgetisnull");
  from.find(all.value, "PQgetvalue");
  from.find(all.length, "PQgetlength");
  if (!from.missing.empty())
    return error{errc::unimplemented,
                 "PostgreSQL's client library (Debian's package libpq5, 14 or newer): " +
                     from.missing};
  return all;
}

} // namespace

result<const libpq*> libpq::load() {
  static const auto loaded = load_all();
  if (!loaded)
    return loaded.error();
  return &*loaded;
}

} // namespace deja::postgres
