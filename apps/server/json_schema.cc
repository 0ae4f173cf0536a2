#include "json_schema.h"

#include <utility>

namespace latentdial::server {

Json reference(const std::string& name) {
  return {{"$ref", "#/components/schemas/" + name}};
}

Json content(const std::string& type, Json schema) {
  return {{type, {{"schema", std::move(schema)}}}};
}

Json array_of(Json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

Json text(const std::string& description) {
  return {{"type", "string"}, {"description", description}};
}

Json not_empty(Json text) {
  text["minLength"] = 1;
  text.erase("default");
  return text;
}

Json whole(const std::string& description, std::int64_t least, std::int64_t most) {
  return {{"type", "integer"}, {"description", description}, {"minimum", least}, {"maximum", most}};
}

}  // namespace latentdial::server
