/**
 * ONNX Runtime reports its use to Microsoft over HTTPS, and keeps a device's id in the user's home, unless this variable is set before its
 * library is loaded. A worker's `process.env` is a copy that the library does not see: so whoever starts a worker imports this first.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1'
