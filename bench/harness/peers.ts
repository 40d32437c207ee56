// In the order of the tables.

import dora from '../peers/dora/peer.js';
import floor from '../peers/floor/peer.js';
import grpc from '../peers/grpc/peer.js';
import iceoryx2 from '../peers/iceoryx2/peer.js';
import product from '../peers/product/peer.js';
import touches from '../peers/touches/peer.js';
import zeromq from '../peers/zeromq/peer.js';
import type { Peer } from './types.js';

export const PEERS: readonly Peer[] = [touches, floor, product, iceoryx2, zeromq, grpc, dora];
