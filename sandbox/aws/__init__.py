"""The AWS stand-in: SQS and SNS of our own at speed, moto for the control plane, and a made-up company in it.

Nothing is imported here, so that `sandbox.aws.server` works without moto. Start with
`sandbox.aws.stand_in.AwsStandIn` for all of it, or `sandbox.aws.server.SqsSnsServer` for the queues alone.
"""
