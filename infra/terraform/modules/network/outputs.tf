output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Subnets of the nodes, with a way out through NAT."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "data_subnet_ids" {
  description = "Subnets of database and cache, with no way out."
  value       = [for subnet in aws_subnet.data : subnet.id]
}

output "log_groups" {
  description = "Names of this module's log groups."
  value       = [aws_cloudwatch_log_group.flow.name]
}
