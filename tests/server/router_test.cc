// Which handler answers which path.
#include "router.h"

#include <gtest/gtest.h>

namespace latentdial::server {
namespace {

Router router() {
  const auto answer = [](const std::string& word) {
    return [word](HttpRequest&) { return make_response("text/plain", word); };
  };
  Router router;
  router.get("/", answer("page"));
  router.get("/jobs/{id:hex}", answer("job"));
  router.get("/both", answer("look"));
  router.post("/both", answer("take"));
  router.get("/jobs/{id:hex}/{index:number}.png", answer("picture"));
  router.get("/models/{model:rest}", answer("model"));
  router.post("/make", answer("make"));
  return router;
}

std::string found(const std::string& method, const std::string& path, HttpRequest& request) {
  static const Router all = router();
  request.method = method;
  request.path = path;
  const Router::Route* route = all.find(request);
  return route == nullptr ? "" : std::string(std::get<HttpResponse>(route->handler(request)).body);
}

std::string found(const std::string& method, const std::string& path) {
  HttpRequest request;
  return found(method, path, request);
}

TEST(Router, FindsWhatAPathNames) {
  HttpRequest request;
  EXPECT_EQ(found("GET", "/jobs/0f/12.png", request), "picture");
  EXPECT_EQ(request.named.at("id"), "0f");
  EXPECT_EQ(request.named.at("index"), "12");
  EXPECT_EQ(found("GET", "/models/a/b c", request), "model");
  EXPECT_EQ(request.named.at("model"), "a/b c");
}

TEST(Router, AnswersHeadAsGet) {
  EXPECT_EQ(found("HEAD", "/"), "page");
  EXPECT_EQ(found("HEAD", "/make"), "");
}

TEST(Router, FindsNothingElse) {
  for (const char* path :
       {"", "//", "/jobs", "/jobs/", "/jobs/0g", "/jobs/0f/", "/jobs/0f/.png", "/jobs/0f/a.png",
        "/jobs/0f/1.png/", "/models", "/models/", "/make/", "/jobs/0f/1.jpg"})
    EXPECT_EQ(found("GET", path), "") << path;
  EXPECT_EQ(found("get", "/"), "");
}

TEST(Router, KnowsTheMethodsOfAPath) {
  EXPECT_EQ(router().allowed_methods("/both"), "GET, HEAD, POST");
  EXPECT_EQ(router().allowed_methods("/jobs/1"), "GET, HEAD");
  EXPECT_EQ(router().allowed_methods("/make"), "POST");
  EXPECT_EQ(router().allowed_methods("/nothing"), "");
}

}  // namespace
}  // namespace latentdial::server
