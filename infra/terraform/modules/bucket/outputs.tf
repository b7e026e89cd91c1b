output "id" {
  description = "Name of the bucket, once it is as it should be."
  value       = aws_s3_bucket.this.id

  # Whoever writes to it by this output writes to a bucket with versions and without a public door.
  depends_on = [
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}
