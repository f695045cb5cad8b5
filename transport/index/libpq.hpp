#pragma once

#include <deja/messages/error.hpp>

#include <libpq-fe.h>

namespace deja::postgres {

/// PostgreSQL's client library, loaded at its first use: with the security libraries that it brings
/// along it would cost every start of the program several milliseconds.
struct libpq {
  /// unimplemented where it is not installed.
  static result<const libpq*> load();

  decltype(&PQconninfoParse) parse_options;
  decltype(&PQconninfoFree) free_options;
  decltype(&PQconnectdbParams) connect;
  decltype(&PQfinish) finish;
  decltype(&PQstatus) status;
  decltype(&PQtransactionStatus) transaction_status;
  decltype(&PQerrorMessage) error_message;
  decltype(&PQsocket) socket;
  decltype(&PQsetnonblocking) set_nonblocking;
  decltype(&PQsetNoticeProcessor) set_notice_processor;
  decltype(&PQenterPipelineMode) enter_pipeline_mode;
  decltype(&PQsendQueryParams) send_query;
  decltype(&PQsendQueryPrepared) send_prepared;
  decltype(&PQsendPrepare) send_prepare;
  decltype(&PQpipelineSync) send_sync;
  decltype(&PQflush) flush;
  decltype(&PQconsumeInput) consume_input;
  decltype(&PQisBusy) is_busy;
  decltype(&PQgetResult) get_result;
  decltype(&PQnotifies) notifies;
  decltype(&PQfreemem) free;
  decltype(&PQclear) clear;
  decltype(&PQresultStatus) result_status;
  decltype(&PQresultErrorField) error_field;
  decltype(&PQcmdStatus) command_tag;
  decltype(&PQntuples) row_count;
  decltype(&PQgetisnull) is_null;
  decltype(&PQgetvalue) value;
  decltype(&PQgetlength) length;
};

} // namespace deja::postgres
