#include "delivery/verify.h"

#include <cstdio>

#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"
#include "stream/verify.h"

namespace weir::server {

namespace {

/// Prints each check's line and what it found wrong, and remembers whether anything was.
class Findings {
 public:
  void Line(const std::string& text) { (void)std::printf("%s\n", text.c_str()); }

  void Problem(const std::string& text) {
    ++problems_;
    (void)std::printf("  PROBLEM %s\n", text.c_str());
  }

  void Problems(const std::vector<std::string>& list) {
    for (const std::string& text : list) {
      Problem(text);
    }
  }

  size_t count() const { return problems_; }

 private:
  size_t problems_ = 0;
};

base::Result<void> VerifyStreams(DataFolder& folder, const stack::Definitions& definitions,
                                 Findings& findings) {
  for (const auto* list : {&definitions.streams, &definitions.derived_streams}) {
    for (const log::StreamDefinition& definition : *list) {
      ASSIGN_OR_RETURN(const log::VerifyReport report, folder.log().Verify(definition));
      findings.Line(fmt::format("stream {}: {} segments, {} batches, {} records, {} bytes",
                                definition.name, report.segments, report.batches, report.records,
                                report.bytes));
      findings.Problems(report.problems);
    }
  }
  return {};
}

base::Result<void> VerifyLake(DataFolder& folder, Findings& findings) {
  ASSIGN_OR_RETURN(const std::vector<std::string> problems, folder.catalog().Verify());
  findings.Line("catalog: checked");
  findings.Problems(problems);
  ASSIGN_OR_RETURN(const delivery::VerifyReport report,
                   delivery::VerifyObjects(folder.catalog(), folder.store()));
  findings.Line(fmt::format("lake: {} objects, {} bytes, {} rows", report.objects, report.bytes,
                            report.rows));
  findings.Problems(report.problems);
  for (const std::string& orphan : report.orphans) {
    findings.Line("  not committed: " + orphan);
  }
  return {};
}

/// Computes every derived stream again from the raw log and compares.
base::Result<void> VerifyOutputs(DataFolder& folder, const stack::Definitions& definitions,
                                 Findings& findings) {
  for (const auto* list : {&definitions.streams, &definitions.derived_streams}) {
    for (const log::StreamDefinition& definition : *list) {
      RETURN_IF_ERROR(folder.log().OpenStream(definition));
    }
  }
  for (const stream::ApplicationDefinition& application : definitions.applications) {
    stream::ApplicationOptions options;
    options.checkpoint_directory = base::JoinPath(folder.checkpoint_directory(), application.name);
    ASSIGN_OR_RETURN(const stream::VerifyOutcome outcome,
                     stream::RecomputeOutputs(application, folder.log(), base::SystemFileSystem(),
                                              base::SystemClock(), options));
    findings.Line(fmt::format(
        "application {}: {} rows computed again and equal, {} not stored yet, {} not determinable",
        application.name, outcome.rows_compared, outcome.missing, outcome.not_determinable));
    if (!outcome.note.empty()) {
      findings.Line("  note: " + outcome.note);
    }
    if (!outcome.ok()) {
      findings.Problem(fmt::format("{} rows differ, {} rows have no input: {}", outcome.different,
                                   outcome.extra, outcome.first_difference));
    }
  }
  return {};
}

base::Result<void> VerifyAll(DataFolder& folder, Findings& findings) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources, folder.catalog().List(""));
  ASSIGN_OR_RETURN(const stack::Definitions definitions, stack::ReadDefinitions(resources));
  RETURN_IF_ERROR(VerifyStreams(folder, definitions, findings));
  RETURN_IF_ERROR(VerifyLake(folder, findings));
  if (findings.count() > 0) {
    findings.Line("derived streams: not computed again, because what they come from is damaged");
    return {};
  }
  return VerifyOutputs(folder, definitions, findings);
}

}  // namespace

int RunVerify(const std::string& data) {
  auto folder = DataFolder::Open({.path = data, .purpose = "verify", .create = false});
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  Findings findings;
  if (const auto verified = VerifyAll(**folder, findings); !verified.has_value()) {
    return Report(verified.error());
  }
  (void)std::printf(findings.count() == 0 ? "all is well\n" : "%zu problems\n", findings.count());
  return findings.count() == 0 ? kExitOk : kExitData;
}

}  // namespace weir::server
