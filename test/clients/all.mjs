// SPDX-License-Identifier: MIT
import { holdAll } from './harness.mjs';
import './anthropic.mjs';
import './ollama.mjs';
import './openai.mjs';
import './responses.mjs';

process.exit((await holdAll()) ? 1 : 0);
