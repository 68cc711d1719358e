// AlterClientQuotas (KIP-546): sets and removes quotas.
//
// Behaviour: the controller decides, entity by entity (controller/alter_client_quotas.cpp). An answer of NONE means that
// this broker keeps to it already.
// Versions: 1 is flexible.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::AlterClientQuotasRequest;
using protocol::AlterClientQuotasResponse;

controller::AlterClientQuotas to_wish(AlterClientQuotasRequest& request) {
  controller::AlterClientQuotas wish;
  wish.validate_only = request.validate_only;
  for (auto& asked : request.entries) {
    auto& entry = wish.entries.emplace_back();
    // A type that is there twice: the last counts, as in Kafka.
    for (auto& part : asked.entity) entry.entity.insert_or_assign(std::move(part.entity_type), std::move(part.entity_name));
    for (auto& op : asked.ops) entry.changes.push_back({std::move(op.key), op.value, op.remove});
  }
  return wish;
}

void tell(const controller::Verdict& verdict, const metadata::QuotaEntity& entity, AlterClientQuotasResponse& response) {
  auto& told = response.entries.emplace_back();
  told.error_code = static_cast<std::int16_t>(verdict.code);
  told.error_message.reset();
  if (!verdict.ok()) told.error_message = verdict.message;
  for (const auto& [type, name] : entity) {
    auto& part = told.entity.emplace_back();
    part.entity_type = type;
    part.entity_name = name;
  }
}

}  // namespace

void handle_alter_client_quotas(Broker& broker, const RequestContext&, AlterClientQuotasRequest&& request,
                                Replier<AlterClientQuotasResponse> reply) {
  controller::AlterClientQuotas wish = to_wish(request);
  std::vector<metadata::QuotaEntity> entities;
  for (const auto& entry : wish.entries) entities.push_back(entry.entity);
  broker.controller().submit(std::move(wish), [entities = std::move(entities), reply = std::move(reply)](
                                                  controller::Outcome<controller::AlterClientQuotas::Response> outcome) mutable {
    AlterClientQuotasResponse response;
    if (outcome) {
      for (const auto& altered : *outcome) tell(altered.verdict, altered.entity, response);
    } else {
      for (const auto& entity : entities) tell({outcome.error().code, outcome.error().message}, entity, response);
    }
    reply(response);
  });
}

}  // namespace barnabas::broker
