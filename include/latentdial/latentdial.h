#pragma once

/// Everything of latentdial::latentdial. What draws with Cairo is apart, in latentdial::drawing:
/// latentdial/strip.h and latentdial/explanation.h.

#include "latentdial/calibrate.h"
#include "latentdial/clip.h"
#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "latentdial/image.h"
#include "latentdial/inspect.h"
#include "latentdial/json.h"
#include "latentdial/layer_multiplier.h"
#include "latentdial/messages.h"
#include "latentdial/meter.h"
#include "latentdial/operation_time.h"
#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "latentdial/request.h"
#include "latentdial/settings.h"
#include "latentdial/stages.h"
#include "latentdial/sweep.h"
#include "latentdial/text.h"
#include "latentdial/upscaler.h"
#include "latentdial/version.h"
