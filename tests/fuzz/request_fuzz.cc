// The bodies of all three APIs.
#include "a1111_request.h"
#include "http.h"
#include "openai_request.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  static const ModelInfo model = {
      .name = "scenes", .sampler = "pndm", .width = 128, .height = 128, .max_tokens = 32};
  static const server::ModelList models({}, model, "", {});
  const auto read = [&](auto&& reader) {
    fuzz::try_input([&] {
      try {
        server::HttpRequest request;
        request.body.assign(reinterpret_cast<const char*>(data), size);
        reader(server::read_body(request));
      } catch (const server::NotFound&) {  // Another model: a reader's answer too.
      }
    });
  };
  read([](server::Body body) { (void)server::read_settings(std::move(body)); });
  read([](server::Body body) { (void)server::read_a1111_request(body, false, model, {}); });
  read([](server::Body body) { (void)server::read_a1111_request(body, true, model, {}); });
  read([](server::Body body) { (void)server::read_generation(std::move(body), models, {}); });
  return 0;
}
