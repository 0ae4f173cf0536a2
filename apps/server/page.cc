#include "page.h"

#include <string>

#include "page_files.h"

namespace latentdial::server {
namespace {

const char* media_type(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

}  // namespace

void add_page(Router& router) {
  for (const PageFile& file : page_files()) {
    const std::string path = file.name == "index.html" ? "/" : "/page/" + std::string(file.name);
    router.get(path, [file](const HttpRequest&) {
      HttpResponse response;
      response.type = media_type(file.name);
      response.body = file.bytes;
      return response;
    });
  }
}

}  // namespace latentdial::server
