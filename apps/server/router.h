#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http_message.h"

namespace latentdial::server {

/// Which handler answers which path. A pattern's parts in braces match one part of a path and name it:
/// {id:hex} digits and a to f, {index:number} digits, {model:rest} all that is left.
class Router {
 public:
  struct Route {
    std::string method, pattern;
    Handler handler;
    bool quick = false;
  };
  void get(std::string pattern, Handler handler) {
    add("GET", std::move(pattern), std::move(handler), false);
  }
  void post(std::string pattern, Handler handler) {
    add("POST", std::move(pattern), std::move(handler), false);
  }
  /// For handlers that only look something up: they are called where connections are waited for, so that
  /// nobody who asks how far a job is waits for a thread.
  void get_quickly(std::string pattern, Handler handler) {
    add("GET", std::move(pattern), std::move(handler), true);
  }

  /// The request's route; what its path names is written into it. HEAD is answered as GET. Null: none.
  [[nodiscard]] const Route* find(HttpRequest& request) const;
  /// The methods of a path, as the header Allow lists them: "GET, HEAD"; "" where there is no such path.
  [[nodiscard]] std::string allowed_methods(std::string_view path) const;

 private:
  void add(std::string method, std::string pattern, Handler handler, bool quick);

  std::vector<Route> routes_;
};

}  // namespace latentdial::server
