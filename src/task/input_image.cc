#include <algorithm>
#include <array>
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

InputImage::InputImage(Image image, std::string name)
    : image_(std::make_shared<const Image>(std::move(image))),
      name_(std::move(name)),
      hash_(hash_of(*image_)) {}

InputImage InputImage::read(const std::filesystem::path& path) {
  return InputImage(read_image(path), path.string());
}

InputImage InputImage::resized(int width, int height) const {
  if (image_->width == width && image_->height == height) return *this;
  return InputImage(resize_to_fill(*image_, width, height), name_);
}

bool operator==(const InputImage& a, const InputImage& b) {
  return a.image_ == b.image_ || (a.hash_ == b.hash_ && a.image_->width == b.image_->width &&
                                  a.image_->height == b.image_->height && a.image_->rgb == b.image_->rgb);
}

}  // namespace latentdial
