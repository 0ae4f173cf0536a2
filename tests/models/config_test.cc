#include "models/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentdial/error.h"

namespace latentdial::detail::models {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string complaint_about(const json& unet) {
  try {
    (void)UNetConfig::from_json(unet);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "nothing";
}

TEST(UNetConfig, AnEmptyConfigIsStableDiffusion1) {
  const auto config = UNetConfig::from_json(json::object());
  EXPECT_THAT(config.block_out_channels, ElementsAre(320, 640, 1280, 1280));
  EXPECT_THAT(config.cross_attention, ElementsAre(true, true, true, false));
  EXPECT_THAT(config.num_attention_heads, ElementsAre(8, 8, 8, 8));
}

TEST(UNetConfig, AttentionHeadDimHoldsTheNumberOfHeads) {
  const auto config = UNetConfig::from_json({{"attention_head_dim", {5, 10, 20, 20}}});
  EXPECT_THAT(config.num_attention_heads, ElementsAre(5, 10, 20, 20));
}

TEST(UNetConfig, LevelsAttendToTheTextAlone) {
  const auto levels = [](const json& field) {
    return UNetConfig::from_json({{"only_cross_attention", field}}).only_cross_attention;
  };
  EXPECT_THAT(levels({true, true, true, false}), ElementsAre(true, true, true, false));
  EXPECT_THAT(levels(false), ElementsAre(false, false, false, false));
  EXPECT_THAT(complaint_about({{"only_cross_attention", {true, false}}}), HasSubstr("only_cross_attention"));
  EXPECT_THAT(complaint_about({{"only_cross_attention", true}}), HasSubstr("only_cross_attention"))
      << "diffusers' middle block would too";
  EXPECT_THAT(complaint_about({{"mid_block_only_cross_attention", true}}),
              HasSubstr("mid_block_only_cross_attention"));
}

TEST(UNetConfig, HasClassesOrNone) {
  EXPECT_EQ(UNetConfig::from_json({{"num_class_embeds", 1000}}).num_class_embeds, 1000);
  EXPECT_EQ(UNetConfig::from_json({{"num_class_embeds", nullptr}}).num_class_embeds, 0);
  EXPECT_THAT(complaint_about({{"num_class_embeds", -3}}), HasSubstr("num_class_embeds"));
  EXPECT_THAT(complaint_about({{"class_embed_type", "timestep"}}), HasSubstr("class_embed_type"));
}

TEST(UNetConfig, IsToldWhatAPictureShows) {
  const json told = {{"class_embed_type", "projection"}, {"projection_class_embeddings_input_dim", 2048}};
  EXPECT_EQ(UNetConfig::from_json(told).told_picture_dim, 2048);
  EXPECT_EQ(UNetConfig::from_json({{"projection_class_embeddings_input_dim", 2048}}).told_picture_dim, 0);
  EXPECT_THAT(complaint_about({{"class_embed_type", "projection"}}),
              HasSubstr("projection_class_embeddings_input_dim"));
  for (const char* kind : {"identity", "simple_projection"})
    EXPECT_THAT(complaint_about({{"class_embed_type", kind}}), HasSubstr("\"projection\" is needed"));
  for (const auto& [field, value] : {std::pair<std::string, json>{"num_class_embeds", 10},
                                     std::pair<std::string, json>{"addition_embed_type", "text_time"}}) {
    json both = told;
    both[field] = value;
    EXPECT_THAT(complaint_about(both), HasSubstr(field));
  }
}

TEST(UNetConfig, IsToldASummaryAndSixSizes) {
  const auto told = [](const json& width) {
    return json{{"addition_embed_type", "text_time"},
                {"addition_time_embed_dim", 256},
                {"projection_class_embeddings_input_dim", width}};
  };
  EXPECT_EQ(UNetConfig::from_json(told(2816)).pooled_text_dim, 1280);
  EXPECT_EQ(UNetConfig::from_json(json::object()).pooled_text_dim, 0);
  EXPECT_THAT(complaint_about(told(1536)), HasSubstr("more than 6 times addition_time_embed_dim"));
  json with_classes = told(2816);
  with_classes["num_class_embeds"] = 10;
  EXPECT_THAT(complaint_about(with_classes), HasSubstr("num_class_embeds"));
}

TEST(UNetConfig, TransformersAreAsDeepAsTheirLevelOrEachForItself) {
  const auto even = UNetConfig::from_json({{"transformer_layers_per_block", {1, 2, 10, 1}}});
  EXPECT_THAT(even.down_depths[2], ElementsAre(10, 10));
  EXPECT_THAT(even.up_depths[2], ElementsAre(10, 10, 10));
  const json down = {1, {2, 2}, {4, 3}, 5}, up = {1, {4, 4, 10}, {2, 1, 1}, 1};
  const auto pruned = UNetConfig::from_json(
      {{"transformer_layers_per_block", down}, {"reverse_transformer_layers_per_block", up}});
  EXPECT_THAT(pruned.down_depths[2], ElementsAre(4, 3));
  EXPECT_THAT(pruned.up_depths[2], ElementsAre(4, 4, 10)) << "the other way round in the file";
  EXPECT_THAT(pruned.up_depths[1], ElementsAre(2, 1, 1));
  EXPECT_EQ(pruned.mid_depth, 5);
  EXPECT_THAT(complaint_about({{"transformer_layers_per_block", down}}), HasSubstr("reverse_transformer"));
  EXPECT_THAT(complaint_about({{"transformer_layers_per_block", {1, {2}, 1, 1}}}),
              HasSubstr("a list of 2 numbers"));
}

TEST(UNetConfig, AMiddleWithoutTransformerOrNone) {
  const auto middle = [](const json& field) {
    return UNetConfig::from_json({{"mid_block_type", field}}).mid_block;
  };
  EXPECT_EQ(middle("UNetMidBlock2DCrossAttn"), MidBlock::cross_attention);
  EXPECT_EQ(middle("UNetMidBlock2D"), MidBlock::resnet);
  EXPECT_EQ(middle(nullptr), MidBlock::none);
  EXPECT_EQ(UNetConfig::from_json(json::object()).mid_block, MidBlock::cross_attention);
}

TEST(UNetConfig, NullMeansTheDefault) {
  EXPECT_EQ(UNetConfig::from_json({{"norm_num_groups", nullptr}}).norm_num_groups, 32);
}

TEST(UNetConfig, NamesTheFieldTheValueAndWhatIsNeeded) {
  EXPECT_THAT(complaint_about({{"in_channels", "four"}}),
              AllOf(HasSubstr("in_channels"), HasSubstr("\"four\"")));
  EXPECT_THAT(complaint_about({{"block_out_channels", {320, -1}}}), HasSubstr("block_out_channels"));
  EXPECT_THAT(complaint_about({{"norm_num_groups", 7}}), HasSubstr("divisor"));
  EXPECT_THAT(complaint_about({{"attention_head_dim", 7}}), HasSubstr("divisor"));
  EXPECT_THAT(complaint_about({{"layers_per_block", 1e30}}), HasSubstr("whole number"));
  EXPECT_THAT(complaint_about({{"layers_per_block", 65}}), HasSubstr("from 1 to 64"));
}

TEST(UNetConfig, RefusesArchitecturesItDoesNotHave) {
  EXPECT_THAT(complaint_about({{"addition_embed_type", "image"}}), HasSubstr("addition_embed_type"));
  EXPECT_THAT(complaint_about({{"mid_block_type", "UNetMidBlock2DSimpleCrossAttn"}}), HasSubstr("mid_block"));
  EXPECT_THAT(complaint_about(
                  {{"down_block_types", {"AttnDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"}}}),
              HasSubstr("down_block_types"));
  EXPECT_THAT(complaint_about({{"up_block_types", {"UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"}}}),
              HasSubstr("mirror"));
  EXPECT_THAT(complaint_about(json::array()), HasSubstr("JSON object"));
}

TEST(AutoencoderConfig, KnowsItsScale) {
  EXPECT_EQ(AutoencoderConfig::from_json(json::object()).downscale(), 8);
  EXPECT_THROW((void)AutoencoderConfig::from_json({{"scaling_factor", 0}}), Error);
}

TEST(TextConfig, TakesTheTwoActivationsOfStableDiffusion) {
  EXPECT_EQ(TextConfig::from_json({{"hidden_act", "gelu"}}).hidden_act, ops::Activation::gelu);
  EXPECT_EQ(TextConfig::from_json({{"hidden_act", "quick_gelu"}}).hidden_act, ops::Activation::quick_gelu);
  EXPECT_THROW((void)TextConfig::from_json({{"hidden_act", "relu"}}), Error);
}

}  // namespace
}  // namespace latentdial::detail::models
