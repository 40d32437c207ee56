#!/usr/bin/env node
import { main } from '../dist/service/main.js';

await main(process.argv.slice(2));
