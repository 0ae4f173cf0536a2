#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "latentdial/request.h"
#include "tensor/hash.h"

namespace latentdial {

using namespace detail;
namespace {

std::uint64_t hash_of(const Image& image) {
  const std::array sides{image.width, image.height};
  return hash_bytes(hash_bytes(kHashStart, std::as_bytes(std::span(sides))),
                    std::as_bytes(std::span(image.rgb)));
}

}  // namespace

struct InputImage::Shared {
  explicit Shared(Image given) : image(std::move(given)), hash(hash_of(image)) {}

  const Image image;
  const std::uint64_t hash;
  std::mutex mutex;
  std::optional<InputImage> resized;  // All pictures of a dial want one size of a photo.
};

InputImage::InputImage(Image image, std::string name)
    : shared_(std::make_shared<Shared>(std::move(image))), name_(std::move(name)) {}

InputImage InputImage::read(const std::filesystem::path& path) {
  return InputImage(read_image(path), path.string());
}

InputImage InputImage::read_as_mask(const std::filesystem::path& path) {
  return InputImage(read_mask(path), path.string());
}

const Image& InputImage::image() const {
  return shared_->image;
}

std::uint64_t InputImage::hash() const {
  return shared_->hash;
}

InputImage InputImage::resized(int width, int height) const {
  if (image().width == width && image().height == height) return *this;
  const std::scoped_lock lock(shared_->mutex);
  auto& known = shared_->resized;
  if (!known || known->image().width != width || known->image().height != height)
    known = InputImage(resize_to_fill(image(), width, height), name_);
  return *known;
}

bool operator==(const InputImage& a, const InputImage& b) {
  const Image &left = a.image(), &right = b.image();
  return a.shared_ == b.shared_ || (a.hash() == b.hash() && left.width == right.width &&
                                    left.height == right.height && left.rgb == right.rgb);
}

}  // namespace latentdial
