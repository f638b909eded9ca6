"""Real servers for the tests, and what reads them without penstock's help.

env        paths, free ports, waiting
process    a child that is always ended by its pid
kafka      broker of one or three nodes, topics, records
postgres   server, databases, sessions
s3         gateway and what is in its buckets
receiver   HTTP server with scripted answers
connect    Kafka Connect itself, the oracle
worker     penstock, and its REST API
ledger     what was written, compared with what arrived
"""
