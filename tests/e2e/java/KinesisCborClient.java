import com.amazonaws.AmazonServiceException;
import com.amazonaws.AmazonWebServiceClient;
import com.amazonaws.AmazonWebServiceRequest;
import com.amazonaws.AmazonWebServiceResponse;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.Request;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.http.ExecutionContext;
import com.amazonaws.http.HttpMethodName;
import com.amazonaws.http.HttpResponseHandler;
import com.amazonaws.protocol.MarshallLocation;
import com.amazonaws.protocol.MarshallingInfo;
import com.amazonaws.protocol.MarshallingType;
import com.amazonaws.protocol.OperationInfo;
import com.amazonaws.protocol.Protocol;
import com.amazonaws.protocol.ProtocolMarshaller;
import com.amazonaws.protocol.ProtocolRequestMarshaller;
import com.amazonaws.protocol.StructuredPojo;
import com.amazonaws.protocol.json.JsonClientMetadata;
import com.amazonaws.protocol.json.JsonErrorResponseMetadata;
import com.amazonaws.protocol.json.JsonErrorShapeMetadata;
import com.amazonaws.protocol.json.JsonOperationMetadata;
import com.amazonaws.protocol.json.SdkJsonProtocolFactory;
import com.amazonaws.transform.JsonUnmarshallerContext;
import com.fasterxml.jackson.core.JsonToken;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Drives a server with the AWS SDK for Java 1, whose core speaks CBOR to Kinesis unless told otherwise: protocol, signatures,
 * HTTP, retries and errors are the SDK's. The generated classes of its Kinesis module only name the members of each
 * operation; here maps do.
 *
 *   java -cp … KinesisCborClient.java URL KEY_ID SECRET STREAM
 */
public final class KinesisCborClient extends AmazonWebServiceClient {
  /** The members of a request, or of a structure in it, in order. */
  static final class Shape extends LinkedHashMap<String, Object> implements StructuredPojo {
    Shape(Object... members) {
      for (int i = 0; i < members.length; i += 2) {
        put((String) members[i], members[i + 1]);
      }
    }

    @Override
    public void marshall(ProtocolMarshaller to) {
      forEach((name, value) -> {
        if (value instanceof String) {
          write(to, MarshallingType.STRING, name, (String) value);
        } else if (value instanceof Integer) {
          write(to, MarshallingType.INTEGER, name, (Integer) value);
        } else if (value instanceof Date) {
          write(to, MarshallingType.DATE, name, (Date) value);
        } else if (value instanceof ByteBuffer) {
          write(to, MarshallingType.BYTE_BUFFER, name, (ByteBuffer) value);
        } else if (value instanceof List) {
          write(to, MarshallingType.LIST, name, (List) value);
        } else {
          throw new IllegalArgumentException(name);
        }
      });
    }

    private static <T> void write(ProtocolMarshaller to, MarshallingType<T> type, String name, T value) {
      to.marshall(value, MarshallingInfo.builder(type).marshallLocation(MarshallLocation.PAYLOAD)
                             .marshallLocationName(name).build());
    }
  }

  static final class Call extends AmazonWebServiceRequest {}

  public static class ResourceNotFoundException extends AmazonServiceException {
    public ResourceNotFoundException(String message) {
      super(message);
    }
  }

  public static class InvalidArgumentException extends AmazonServiceException {
    public InvalidArgumentException(String message) {
      super(message);
    }
  }

  private static final Set<String> DATES =
      new HashSet<>(Arrays.asList("ApproximateArrivalTimestamp", "StreamCreationTimestamp"));

  // What the SDK's Kinesis client sets, word for word.
  private final SdkJsonProtocolFactory protocol = new SdkJsonProtocolFactory(
      new JsonClientMetadata().withProtocolVersion("1.1").withSupportsCbor(true).withSupportsIon(false)
          .addErrorMetadata(new JsonErrorShapeMetadata().withErrorCode("ResourceNotFoundException")
                                .withModeledClass(ResourceNotFoundException.class))
          .addErrorMetadata(new JsonErrorShapeMetadata().withErrorCode("InvalidArgumentException")
                                .withModeledClass(InvalidArgumentException.class))
          .withBaseServiceExceptionClass(AmazonServiceException.class));
  private final AWSStaticCredentialsProvider credentials;

  KinesisCborClient(String url, String keyId, String secret) {
    super(new ClientConfiguration().withMaxErrorRetry(3));
    credentials = new AWSStaticCredentialsProvider(new BasicAWSCredentials(keyId, secret));
    setServiceNameIntern("kinesis");
    setEndpointPrefix("kinesis");
    setEndpoint(url);
    setSignerRegionOverride("us-east-1");
  }

  Map<String, Object> call(String operation, Object... members) {
    OperationInfo info = OperationInfo.builder().protocol(Protocol.AWS_JSON).requestUri("/")
                             .httpMethodName(HttpMethodName.POST).hasExplicitPayloadMember(false)
                             .hasPayloadMembers(true).operationIdentifier("Kinesis_20131202." + operation)
                             .serviceName("AmazonKinesis").build();
    Call original = new Call();
    ProtocolRequestMarshaller<Call> marshaller = protocol.createProtocolMarshaller(info, original);
    marshaller.startMarshalling();
    new Shape(members).marshall(marshaller);
    Request<Call> request = marshaller.finishMarshalling();
    check("application/x-amz-cbor-1.1".equals(request.getHeaders().get("Content-Type")), "the SDK speaks CBOR by default");
    request.setEndpoint(endpoint);
    ExecutionContext context = createExecutionContext(original);
    context.setCredentialsProvider(credentials);
    request.setAWSRequestMetrics(context.getAwsRequestMetrics());
    HttpResponseHandler<AmazonWebServiceResponse<Map<String, Object>>> handler = protocol.createResponseHandler(
        new JsonOperationMetadata().withPayloadJson(true).withHasStreamingSuccessResponse(false), KinesisCborClient::result);
    return client.execute(request, handler, protocol.createErrorResponseHandler(new JsonErrorResponseMetadata()), context)
        .getAwsResponse();
  }

  /** The members of an answer; no members when it has no body. */
  private static Map<String, Object> result(JsonUnmarshallerContext context) throws Exception {
    JsonToken token = context.getCurrentToken() == null ? context.nextToken() : context.getCurrentToken();
    return token == null ? new HashMap<>() : structure(context);
  }

  private static Map<String, Object> structure(JsonUnmarshallerContext context) throws Exception {
    Map<String, Object> members = new HashMap<>();
    for (JsonToken token = context.nextToken(); token != JsonToken.END_OBJECT; token = context.nextToken()) {
      String name = context.readText();
      context.nextToken();
      members.put(name, value(context, name));
    }
    return members;
  }

  private static Object value(JsonUnmarshallerContext context, String name) throws Exception {
    switch (context.getCurrentToken()) {
      case START_OBJECT:
        return structure(context);
      case START_ARRAY:
        List<Object> list = new ArrayList<>();
        while (context.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(context, name));
        }
        return list;
      case VALUE_EMBEDDED_OBJECT:
        return context.getUnmarshaller(ByteBuffer.class).unmarshall(context);
      case VALUE_STRING:
        return context.getUnmarshaller(String.class).unmarshall(context);
      case VALUE_TRUE:
      case VALUE_FALSE:
        return context.getUnmarshaller(Boolean.class).unmarshall(context);
      case VALUE_NULL:
        return null;
      default:
        return DATES.contains(name) ? context.getUnmarshaller(Date.class).unmarshall(context)
                                    : context.getUnmarshaller(Long.class).unmarshall(context);
    }
  }

  static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  static List<Map<String, Object>> list(Map<String, Object> answer, String name) {
    return (List<Map<String, Object>>) answer.get(name);
  }

  /** All records of the stream: their bytes by partition key. */
  Map<String, ByteBuffer> readAll(String stream, int wanted, long since) {
    Map<String, ByteBuffer> found = new HashMap<>();
    for (Map<String, Object> shard : list(call("ListShards", "StreamName", stream), "Shards")) {
      String iterator = (String) call("GetShardIterator", "StreamName", stream, "ShardId", shard.get("ShardId"),
                                      "ShardIteratorType", "AT_TIMESTAMP", "Timestamp", new Date(since)).get("ShardIterator");
      BigInteger last = BigInteger.ZERO;
      Map<String, Object> answer;
      do {
        answer = call("GetRecords", "ShardIterator", iterator, "Limit", 100);
        for (Map<String, Object> record : list(answer, "Records")) {
          BigInteger sequence = new BigInteger((String) record.get("SequenceNumber"));
          check(sequence.compareTo(last) > 0, "sequence numbers grow");
          last = sequence;
          long arrived = ((Date) record.get("ApproximateArrivalTimestamp")).getTime();
          check(Math.abs(arrived - System.currentTimeMillis()) < 600_000, "arrived at " + arrived);
          check(found.put((String) record.get("PartitionKey"), (ByteBuffer) record.get("Data")) == null, "once");
        }
        iterator = (String) answer.get("NextShardIterator");
      } while ((Long) answer.get("MillisBehindLatest") > 0 || !list(answer, "Records").isEmpty());
    }
    check(found.size() == wanted, found.size() + " records instead of " + wanted);
    return found;
  }

  void produceAndConsume(String stream) {
    long since = System.currentTimeMillis() - 1_000;
    Random random = new Random(7);
    Map<String, ByteBuffer> sent = new HashMap<>();
    for (int batch = 0; batch < 4; ++batch) {
      List<Shape> records = new ArrayList<>();
      for (int i = 0; i < 500; ++i) {
        byte[] data = new byte[random.nextInt(400)];
        random.nextBytes(data);
        String key = "batch " + batch + " é " + i;
        Shape record = new Shape("Data", ByteBuffer.wrap(data), "PartitionKey", key);
        if (i % 3 == 0) {
          record.put("ExplicitHashKey", new BigInteger(128, random).toString());
        }
        records.add(record);
        sent.put(key, ByteBuffer.wrap(data));
      }
      Map<String, Object> answer = call("PutRecords", "Records", records, "StreamName", stream);
      check(Long.valueOf(0).equals(answer.get("FailedRecordCount")), "nothing failed");
      check(list(answer, "Records").size() == 500, "an answer for each record");
    }
    byte[] large = new byte[1_000_000];
    random.nextBytes(large);
    Map<String, Object> one =
        call("PutRecord", "StreamName", stream, "Data", ByteBuffer.wrap(large), "PartitionKey", "large");
    check(((String) one.get("ShardId")).startsWith("shardId-"), "a shard");
    sent.put("large", ByteBuffer.wrap(large));
    check(readAll(stream, sent.size(), since).equals(sent), "what was sent came back");
    System.out.println(sent.size() + " records put and read");
  }

  void describe(String stream) {
    Map<String, Object> summary = (Map<String, Object>) call("DescribeStreamSummary", "StreamName", stream)
                                      .get("StreamDescriptionSummary");
    check("ACTIVE".equals(summary.get("StreamStatus")), "active");
    check(((Date) summary.get("StreamCreationTimestamp")).getTime() > 1_600_000_000_000L, "created");
    check(((Long) summary.get("OpenShardCount")) > 0, "open shards");
  }

  void errors(String stream) {
    try {
      call("DescribeStreamSummary", "StreamName", "nowhere");
      check(false, "no such stream");
    } catch (ResourceNotFoundException e) {
      check(e.getErrorMessage().contains("nowhere") && e.getStatusCode() == 400, e.getErrorMessage());
      check(e.getRequestId() != null, "the id of the request");
    }
    try {
      call("GetShardIterator", "StreamName", stream, "ShardId", "shardId-000000000000", "ShardIteratorType",
           "AT_SEQUENCE_NUMBER", "StartingSequenceNumber", "1");
      check(false, "no such sequence number");
    } catch (InvalidArgumentException e) {
      check("InvalidArgumentException".equals(e.getErrorCode()), e.getErrorCode());
    }
    System.out.println("errors are the modelled ones");
  }

  public static void main(String[] arguments) {
    KinesisCborClient client = new KinesisCborClient(arguments[0], arguments[1], arguments[2]);
    client.produceAndConsume(arguments[3]);
    client.describe(arguments[3]);
    client.errors(arguments[3]);
    if (!arguments[2].equals("any")) {
      try {
        new KinesisCborClient(arguments[0], arguments[1], "wrong").call("ListStreams");
        check(false, "a wrong secret");
      } catch (AmazonServiceException e) {
        check("InvalidSignatureException".equals(e.getErrorCode()), e.getErrorCode());
      }
    }
  }
}
