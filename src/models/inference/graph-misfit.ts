/** A graph that is no encoder or sequence classifier as it was said to be. Its message is for people. */
export class GraphMisfit extends Error {}
