// In the order of the tables.
import dora from '../peers/dora/peer.mjs';
import floor from '../peers/floor/peer.mjs';
import grpc from '../peers/grpc/peer.mjs';
import iceoryx2 from '../peers/iceoryx2/peer.mjs';
import product from '../peers/product/peer.mjs';
import touches from '../peers/touches/peer.mjs';
import zeromq from '../peers/zeromq/peer.mjs';

/** @type {readonly import('./types.ts').Peer[]} */
export const PEERS = [touches, floor, product, iceoryx2, zeromq, grpc, dora];
